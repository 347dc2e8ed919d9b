"""The chain's four logs, as the metrics that the load generator and the parts give where those run.

    CAPF trace          enrollments started, succeeded, failed; their time; timeouts
    CES start-up log    starts of the RA
    NGINX error log     EST requests by status, EST errors, calls to the CA by stage, failed ones by cause
    IIS W3C log         requests to the CA by stage and status, and how long the CA took

No label holds what a log's text says, only values of closed sets; no metric and no sample of an unreadable
line holds a phone's name, an account or a URL.
"""
