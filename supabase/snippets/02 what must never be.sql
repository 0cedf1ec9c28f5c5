-- Invariants that do not hold. Must be empty.
select v.invariant, v.subject, v.detail
from monitor.violations as v;
