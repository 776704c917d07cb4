using System.Collections;
using System.Collections.Concurrent;
using Cluster.Api.IntStr;
using Cluster.Api.MetaV1;
using Cluster.Api.Options;
using Cluster.Api.Resource;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Defaulting;

/// <summary>
/// Gives a message the one form Kubernetes knows of it: structs held by value are there even when empty, zero times are not.
/// </summary>
/// <remarks>
/// A field left out, an empty struct in JSON and one in protobuf mean the same, but compare as different messages: without this a
/// patch of a label would look like a change of the spec, since JSON always writes <c>resources: {}</c>.
/// Cost: one visit of each message field that can be reached; plans are made once a type.
/// </remarks>
internal static class ValueStructs
{
    private static readonly ConcurrentDictionary<MessageDescriptor, Action<IMessage>[]> Plans = new();

    /// <summary>Changes the message and all below it.</summary>
    public static void Fill(IMessage message)
    {
        foreach (var step in Plans.GetOrAdd(message.Descriptor, Plan))
        {
            step(message);
        }
    }

    private static Action<IMessage>[] Plan(MessageDescriptor message)
    {
        var fields = message.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message && !field.IsMap);
        return [.. fields.Select(Step).OfType<Action<IMessage>>()];
    }

    private static Action<IMessage>? Step(FieldDescriptor field)
    {
        var form = field.MessageType.GetOptions()?.GetExtension(OptionsExtensions.JsonForm) ?? JsonForm.Object;
        return (form, field.IsRepeated) switch
        {
            (JsonForm.Object, true) => message => FillAll((IList)field.Accessor.GetValue(message)),
            (JsonForm.Object, false) => IsHeldByValue(field) ? Always(field) : IfThere(field),
            (JsonForm.Time, false) => message => WholeSeconds(message, field),
            (JsonForm.MicroTime, false) => message => WholeMicroseconds(message, field),
            (JsonForm.Quantity, false) when IsHeldByValue(field) => message => NeverEmpty(message, field),
            (JsonForm.IntOrString, false) when IsHeldByValue(field) => message => NeverAbsent(message, field),
            _ => null,
        };
    }

    /// <summary>Go writes such a struct always, whatever it holds.</summary>
    private static bool IsHeldByValue(FieldDescriptor field) => field.GetOptions() is { } options
        && (options.GetExtension(OptionsExtensions.Presence) == Presence.Always || options.GetExtension(OptionsExtensions.Inline));

    private static Action<IMessage> Always(FieldDescriptor field) => message =>
    {
        if (field.Accessor.GetValue(message) is not IMessage value)
        {
            value = field.MessageType.Parser.ParseFrom(ByteString.Empty);
            field.Accessor.SetValue(message, value);
        }
        Fill(value);
    };

    private static Action<IMessage> IfThere(FieldDescriptor field) => message =>
    {
        if (field.Accessor.GetValue(message) is IMessage value)
        {
            Fill(value);
        }
    };

    private static void FillAll(IList values)
    {
        foreach (var value in values)
        {
            Fill((IMessage)value!);
        }
    }

    /// <summary>JSON has no more than seconds, so a time that came in protobuf keeps no more either.</summary>
    private static void WholeSeconds(IMessage message, FieldDescriptor field)
    {
        if (field.Accessor.GetValue(message) is not Time time)
        {
            return;
        }
        time.Nanos = 0;
        if (time.IsZero())
        {
            field.Accessor.Clear(message);
        }
    }

    private static void WholeMicroseconds(IMessage message, FieldDescriptor field)
    {
        if (field.Accessor.GetValue(message) is not MicroTime time)
        {
            return;
        }
        time.Nanos -= time.Nanos % 1000;
        if (time.IsZero())
        {
            field.Accessor.Clear(message);
        }
    }

    private static void NeverEmpty(IMessage message, FieldDescriptor field)
    {
        if (field.Accessor.GetValue(message) is not Quantity { String.Length: > 0 })
        {
            field.Accessor.SetValue(message, new Quantity { String = "0" });
        }
    }

    private static void NeverAbsent(IMessage message, FieldDescriptor field)
    {
        if (field.Accessor.GetValue(message) is null)
        {
            field.Accessor.SetValue(message, new IntOrString());
        }
    }
}
