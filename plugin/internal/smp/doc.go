// Package smp reads test files of Service Mesh Performance (SMP) as Tests, and its
// results. It knows every text form since 2019, in YAML or JSON; it runs nothing,
// writes nothing and prints nothing. Of tests it reads:
//
//   - one flat document with client: and endpoint_url: (smps.yaml, 2019 and 2020)
//   - a test in camelCase with smpsVersion and endpointUrl (June 2020)
//   - a test in snake_case with enums as numbers, alone or under test: beside
//     mesh: (mesheryctl and Meshery's GitHub Action, 2021 on)
//   - the same in camelCase with names for enums (Meshery, 2026)
//
// Numbers of enums are read only where the file itself tells whose they are: see
// numbering.
package smp
