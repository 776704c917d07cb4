using Cluster.Api;

namespace Cluster.Api.DiscoveryV1;

public sealed partial class EndpointSlice : IApiObject;

public sealed partial class EndpointSliceList : IApiList<EndpointSlice>;
