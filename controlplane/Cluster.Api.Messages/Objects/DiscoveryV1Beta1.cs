using Cluster.Api;

namespace Cluster.Api.DiscoveryV1Beta1;

public sealed partial class EndpointSlice : IApiObject;

public sealed partial class EndpointSliceList : IApiList<EndpointSlice>;
