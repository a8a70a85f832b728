module github.com/meshery/kubectl-meshery/test/cluster/binaries/pause

go 1.26.0
