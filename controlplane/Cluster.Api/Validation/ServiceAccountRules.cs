using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Only its metadata has rules.</summary>
internal sealed class ServiceAccountRules : KindRules<ServiceAccount>;
