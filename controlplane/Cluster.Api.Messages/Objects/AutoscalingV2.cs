using Cluster.Api;

namespace Cluster.Api.AutoscalingV2;

public sealed partial class HorizontalPodAutoscaler : IApiObject;

public sealed partial class HorizontalPodAutoscalerList : IApiList<HorizontalPodAutoscaler>;
