"""What the generated packages depend on, as lines of their manifests."""

from package import CHECKOUT

RUNTIME = CHECKOUT / "resilient-runtime"


def tokio(*features):
    return f'tokio = {{ version = "1", features = {list(features)} }}\n'.replace("'", '"')


OURS = f'resilient-runtime = {{ path = "{RUNTIME}" }}\n'
WITHOUT_TRACING = f'resilient-runtime = {{ path = "{RUNTIME}", default-features = false, features = ["macros"] }}\n'
BY_HAND = 'backon = "1"\nfailsafe = "1"\ngovernor = "0.10"\n'
FAILSAFE = 'failsafe = "1"\n'
RECLOSER = 'recloser = "1"\n'
SENTINEL = 'sentinel-core = { version = "0.1", features = ["async"] }\n'
TRACING = 'tracing = "0.1"\n'

# It has no default features: those of the five layers.
TOWER_RESILIENCE = """\
tower = "0.5"
tower-resilience = { version = "0.13", features = ["bulkhead", "circuitbreaker", "ratelimiter", "retry", "timelimiter"] }
"""

# As `resilient-macros` has them, and for a macro as well: what runs in the compiler is not optimized, in a release either.
SYN_AND_QUOTE = """\
syn = { version = "3", default-features = false, features = ["full", "parsing", "printing", "proc-macro", "clone-impls", "visit-mut"] }
quote = "1"

[lib]
proc-macro = true
"""
