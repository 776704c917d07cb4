using System.Collections.Concurrent;
using System.Reflection;
using Cluster.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Deep copies of objects whose type is known only at run time.</summary>
public static class Copies
{
    private static readonly MethodInfo Generic = typeof(Copies).GetMethod(nameof(CopyOf), BindingFlags.NonPublic | BindingFlags.Static)!;

    // One delegate a message type: a serialise-and-parse copy costs several times a Clone().
    private static readonly ConcurrentDictionary<MessageDescriptor, Func<IMessage, IMessage>> ByType = new();

    /// <summary>A copy the caller may change.</summary>
    public static T Copy<T>(this T obj)
        where T : IMessage => (T)ByType.GetOrAdd(obj.Descriptor, MakeCopier)(obj);

    private static Func<IMessage, IMessage> MakeCopier(MessageDescriptor type) =>
        Generic.MakeGenericMethod(type.ClrType).CreateDelegate<Func<IMessage, IMessage>>();

    private static IMessage CopyOf<T>(IMessage message)
        where T : IMessage, IDeepCloneable<T> => ((T)message).Clone();
}
