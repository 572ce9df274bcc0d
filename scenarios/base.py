"""What every part of a scenario file is made of: frozen models that refuse unknown keys."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
Seconds = Annotated[float, Field(ge=0, le=86_400)]
Probability = Annotated[float, Field(gt=0, le=1)]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
