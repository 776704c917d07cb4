using Cluster.Api;

namespace Cluster.Api.PolicyV1Beta1;

public sealed partial class Eviction : IApiObject;

public sealed partial class PodDisruptionBudget : IApiObject;

public sealed partial class PodDisruptionBudgetList : IApiList<PodDisruptionBudget>;
