using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;

namespace Cluster.Controllers.Framework;

/// <summary>Added kinds as controllers meet them: by their definitions.</summary>
internal static class CustomTypes
{
    /// <summary>A version that is served, that of the storage if it is; null: the kind is not served, or its definition cannot be read.</summary>
    public static ResourceType? ServedOf(CustomResourceDefinition definition)
    {
        if (!CustomKinds.IsEstablished(definition))
        {
            return null;
        }

        try
        {
            var served = CustomKinds.Of(definition).Where(type => type.Verbs.Count > 0).ToList();
            return served.FirstOrDefault(type => type.Version == definition.Spec.Versions.FirstOrDefault(version => version.Storage)?.Name) ?? served.FirstOrDefault();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidOperationException)
        {
            // Another server let in what we cannot read: its objects are left alone.
            return null;
        }
    }
}
