"""The laws of policies, for the plan of the clinic."""

import exampleclinic

from cptfacet.testing import policy_laws

TestExamplePlan = policy_laws(exampleclinic.plan())
