using Cluster.ApiServer.CustomResources.Conversion;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Registry;

/// <summary>What the parts of the registry share. Made once, at start.</summary>
internal sealed record RegistryContext(
    IStore Store, ResourceCaches Caches, StrategyTable Strategies, AdmissionChain Admission, FieldTracking Fields, ObjectConversions Conversions, TimeProvider Time);
