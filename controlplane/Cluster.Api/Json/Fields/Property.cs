using System.Reflection;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json.Fields;

/// <summary>A property of a generated message, bound once: reading and writing it costs a delegate call.</summary>
/// <param name="Get">Reads the value.</param>
/// <param name="Set">Writes it; null for lists and maps, which are changed in place.</param>
/// <param name="Has">Whether an optional scalar is set; null for all others.</param>
internal sealed record Property<TMessage, TValue>(Func<TMessage, TValue> Get, Action<TMessage, TValue> Set, Func<TMessage, bool>? Has)
{
    public static Property<TMessage, TValue> Of(FieldDescriptor field)
    {
        var property = typeof(TMessage).GetProperty(field.PropertyName)!;
        var has = field.HasPresence ? typeof(TMessage).GetProperty("Has" + field.PropertyName) : null;
        return new Property<TMessage, TValue>(
            property.GetMethod!.CreateDelegate<Func<TMessage, TValue>>(),
            property.SetMethod?.CreateDelegate<Action<TMessage, TValue>>()!,
            has?.GetMethod!.CreateDelegate<Func<TMessage, bool>>());
    }
}
