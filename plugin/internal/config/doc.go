// Package config says where things are: the configuration file, the data and
// state folders, and the archive that flags, environment and file together
// name. It is given the environment and the home folder and reads no globals.
package config
