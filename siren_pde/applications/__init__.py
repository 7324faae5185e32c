"""What is made of problems and fields: photographs, scattering, absorbing layers."""
