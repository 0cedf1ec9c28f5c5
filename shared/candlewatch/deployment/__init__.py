"""From this folder to running functions on AWS: packages, and what a deployment changes."""
