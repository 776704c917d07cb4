using Cluster.Api;
using Cluster.Client;

namespace Cluster.Controllers.Framework;

/// <summary>Finds a controller's objects without looking at everyone's: by the uid of the controlling owner, orphans by namespace.</summary>
internal static class OwnerIndex
{
    private const string Name = "controller";

    public static void AddTo<T>(Informer<T> informer)
        where T : class, IApiObject, new() => informer.AddIndex(Name, obj => [Key(obj)]);

    public static IReadOnlyCollection<T> OwnedBy<T>(Informer<T> informer, IApiObject owner)
        where T : class, IApiObject, new() => informer.ByIndex(Name, owner.Metadata.Uid);

    public static IReadOnlyCollection<T> OrphansIn<T>(Informer<T> informer, string ns)
        where T : class, IApiObject, new() => informer.ByIndex(Name, OrphanKey(ns));

    private static string Key(IApiObject obj) => OwnerReferences.ControllerOf(obj)?.Uid ?? OrphanKey(obj.Metadata.Namespace);

    // No uid begins with a slash.
    private static string OrphanKey(string ns) => "/" + ns;
}
