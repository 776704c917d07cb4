using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Tests.WatchCache;

internal static class Versions
{
    public static readonly ResourceType ConfigMaps = ResourceCatalog.For<ConfigMap>();

    public static ObjectVersion Of(string key, long revision = 1, int storedBytes = 0) => new(
        ConfigMaps, key, new ConfigMap { Metadata = new ObjectMeta { Name = key, ResourceVersion = ResourceVersions.Format(revision) } }, revision)
    {
        StoredBytes = storedBytes,
    };
}
