//! The scripts that set up and build, with stubs in place of the tools that they call: tools that fail, are missing, are old
//! or are interrupted, in a folder whose name has a space.

mod browser;
mod clean;
mod edge_build;
mod environment;
mod first_run;
mod fuzz;
mod lint;
mod makefile;
mod origin_build;
mod reproducible;
mod sandbox;
mod script_tests;
mod setup;
