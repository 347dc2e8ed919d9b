"""The RA's EST service: what phones may ask, who they must be, what they are told."""
