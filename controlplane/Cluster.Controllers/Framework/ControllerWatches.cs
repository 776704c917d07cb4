using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Client;

namespace Cluster.Controllers.Framework;

/// <summary>Turns changes of watched kinds into keys on a controller's queue.</summary>
public sealed class ControllerWatches(InformerFactory informers, WorkQueue<ObjectKey> queue)
{
    private readonly List<IInformer> _watched = [];

    /// <summary>What the controller waits for before its first key.</summary>
    public IReadOnlyList<IInformer> Watched => _watched;

    /// <summary>Every change of an object of this kind is about the object itself.</summary>
    public Informer<T> Own<T>()
        where T : class, IApiObject, new() => On<T>((old, current) => queue.Add(ObjectKey.Of((current ?? old)!)));

    /// <summary>A change of an object of this kind concerns other keys, which the handler adds.</summary>
    public Informer<T> On<T>(Action<T?, T?> handler)
        where T : class, IApiObject, new()
    {
        var informer = Read<T>();
        informer.AddHandler(handler);
        return informer;
    }

    /// <summary>
    /// A change of an object of an added kind concerns other keys, which the handler adds. Null: the client cannot speak of added kinds.
    /// </summary>
    public Informer<CustomObject>? On(ResourceType type, Action<CustomObject?, CustomObject?> handler)
    {
        var informer = informers.For(type);
        informer?.AddHandler(handler);
        return informer;
    }

    /// <summary>An added kind is gone.</summary>
    public void Forget(ResourceType type) => informers.Forget(type);

    /// <summary>The controller reads this kind but its changes wake nothing.</summary>
    public Informer<T> Read<T>()
        where T : class, IApiObject, new()
    {
        var informer = informers.For<T>();
        _watched.Add(informer);
        return informer;
    }

    public void Add(ObjectKey key) => queue.Add(key);

    public void AddAfter(ObjectKey key, TimeSpan delay) => queue.AddAfter(key, delay);
}
