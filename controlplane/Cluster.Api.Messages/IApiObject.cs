using Cluster.Api.MetaV1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Api;

/// <summary>A kind of the Kubernetes API: a message whose apiVersion and kind come from the catalog, not from a field.</summary>
/// <remarks>Objects handed out by a cache are shared: read them, and change a <c>Clone()</c>.</remarks>
public interface IApiObject : IMessage
{
    /// <summary>Name, namespace, uid, resourceVersion and the rest; null until set.</summary>
    ObjectMeta Metadata { get; set; }
}

/// <summary>The list form of a kind, as the API returns it.</summary>
public interface IApiList : IMessage
{
    ListMeta Metadata { get; set; }
}

/// <summary>The list form of <typeparamref name="T"/>.</summary>
public interface IApiList<T> : IApiList
    where T : IMessage
{
    RepeatedField<T> Items { get; }
}
