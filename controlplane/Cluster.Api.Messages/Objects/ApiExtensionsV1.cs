using Cluster.Api;

namespace Cluster.Api.ApiExtensionsV1;

public sealed partial class CustomResourceDefinition : IApiObject;

public sealed partial class CustomResourceDefinitionList : IApiList<CustomResourceDefinition>;
