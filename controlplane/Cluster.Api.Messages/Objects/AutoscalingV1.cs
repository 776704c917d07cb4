using Cluster.Api;

namespace Cluster.Api.AutoscalingV1;

public sealed partial class HorizontalPodAutoscaler : IApiObject;

public sealed partial class Scale : IApiObject;

public sealed partial class HorizontalPodAutoscalerList : IApiList<HorizontalPodAutoscaler>;
