using Cluster.Api;
using Cluster.Api.ApiDiscoveryV2;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.Discovery;

/// <summary>The aggregated form of discovery: all groups, versions and resources in one answer.</summary>
/// <param name="served">All resources, in discovery's order.</param>
internal sealed class AggregatedDiscovery(IReadOnlyList<ResourceType> served)
{
    /// <summary>The core group alone (<c>/api</c>) or all the others (<c>/apis</c>).</summary>
    public APIGroupDiscoveryList List(bool core)
    {
        var list = new APIGroupDiscoveryList { Metadata = new ListMeta() };
        var documents = new DiscoveryDocuments(served);
        if (core)
            list.Items.Add(Group("", documents.CoreVersions));
        else
            list.Items.Add(documents.Groups.Select(group => Group(group.Key, group)));
        return list;
    }

    private APIGroupDiscovery Group(string name, IEnumerable<string> versions)
    {
        var group = new APIGroupDiscovery { Metadata = new ObjectMeta { Name = name } };
        foreach (var version in versions)
        {
            var described = new APIVersionDiscovery { Version = version, Freshness = "Current" };
            described.Resources.Add(served
                .Where(type => type.Group == name && type.Version == version)
                .OrderBy(type => type.Plural, StringComparer.Ordinal)
                .Select(Resource));
            group.Versions.Add(described);
        }

        return group;
    }

    private static APIResourceDiscovery Resource(ResourceType type)
    {
        var resource = new APIResourceDiscovery
        {
            Resource = type.Plural,
            ResponseKind = new GroupVersionKind { Group = type.Group, Version = type.Version, Kind = type.Kind },
            Scope = type.Namespaced ? "Namespaced" : "Cluster",
            SingularResource = type.Singular,
            Verbs = { type.Verbs },
            ShortNames = { type.ShortNames },
            Categories = { type.Categories },
        };
        resource.Subresources.Add(type.Subresources.Select(sub => new APISubresourceDiscovery
        {
            Subresource = sub.Name,
            ResponseKind = DiscoveryDocuments.KindOf(sub),
            Verbs = { sub.Verbs },
        }));
        return resource;
    }
}
