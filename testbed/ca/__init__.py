"""A mock of Microsoft AD CS Web Enrollment (`/certsrv` on IIS). For test use only."""
