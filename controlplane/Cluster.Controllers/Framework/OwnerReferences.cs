using Cluster.Api;
using Cluster.Api.MetaV1;

namespace Cluster.Controllers.Framework;

/// <summary>Who owns an object, and who controls it.</summary>
internal static class OwnerReferences
{
    /// <summary>The one owner that manages the object, or null.</summary>
    public static OwnerReference? ControllerOf(IApiObject obj)
    {
        foreach (var reference in obj.Metadata.OwnerReferences)
        {
            if (reference.Controller)
            {
                return reference;
            }
        }

        return null;
    }

    public static bool IsControlledBy(IApiObject obj, IApiObject owner) => ControllerOf(obj)?.Uid == owner.Metadata.Uid;

    /// <summary>A reference that makes <paramref name="owner"/> the managing owner.</summary>
    public static OwnerReference ToController(IApiObject owner)
    {
        var type = ResourceCatalog.For(owner);
        return new()
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Name = owner.Metadata.Name,
            Uid = owner.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };
    }
}
