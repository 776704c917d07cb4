using Cluster.Api;

namespace Cluster.Api.SchedulingV1;

public sealed partial class PriorityClass : IApiObject;

public sealed partial class PriorityClassList : IApiList<PriorityClass>;
