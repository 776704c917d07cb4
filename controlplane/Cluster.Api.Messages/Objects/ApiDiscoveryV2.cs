using Cluster.Api;

namespace Cluster.Api.ApiDiscoveryV2;

public sealed partial class APIGroupDiscovery : IApiObject;

public sealed partial class APIGroupDiscoveryList : IApiList<APIGroupDiscovery>;
