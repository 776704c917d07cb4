using Cluster.Api;

namespace Cluster.Api.Custom;

public sealed partial class CustomObject : IApiObject;
