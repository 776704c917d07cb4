using Cluster.Api;

namespace Cluster.Client;

/// <summary>Names one object of a kind: the key of caches and work queues.</summary>
/// <param name="Namespace">Empty for a cluster-scoped object.</param>
/// <param name="Name">The object's name.</param>
public readonly record struct ObjectKey(string Namespace, string Name)
{
    public static ObjectKey Of(IApiObject obj) => new(obj.Metadata.Namespace, obj.Metadata.Name);

    /// <summary>A namespace of null is the cluster scope.</summary>
    public static ObjectKey Of(string? ns, string name) => new(ns ?? "", name);

    /// <summary><c>namespace/name</c>, or the name alone.</summary>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
