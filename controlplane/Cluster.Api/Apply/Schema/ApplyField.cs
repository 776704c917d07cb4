using Cluster.Api.Apply.Fields;
using Cluster.Api.Options;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply.Schema;

/// <summary>A declared field of a message: its type, and how its value is found.</summary>
internal sealed class ApplyField
{
    private readonly Func<ApplyType> type;
    private readonly FieldDescriptor[] path;
    private readonly Presence presence;
    private ApplyType? resolved;

    /// <param name="name">The JSON key.</param>
    /// <param name="type">Makes its type when that is first asked for: types refer to each other, and some to themselves.</param>
    /// <param name="path">The field in its message; more than one where JSON shows a message's fields at its parent's level.</param>
    /// <param name="default">The text it stands for when it is left out as the key of a list element; null: it must be there.</param>
    public ApplyField(string name, Func<ApplyType> type, FieldDescriptor[] path, string? @default)
    {
        (Name, this.type, this.path, Default) = (name, type, path, @default);
        Element = PathElement.Field(name);
        if (path is [.., var field])
            presence = field.GetOptions()?.GetExtension(OptionsExtensions.Presence) ?? Presence.OmitEmpty;
        IsTracked = path is [.., { FullName: not "k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta.managedFields" }];
    }

    public string Name { get; }

    public ApplyType Type => resolved ??= type();

    public PathElement Element { get; }

    public string? Default { get; }

    /// <summary>A field of a message that can have owners: managedFields itself has none, and apiVersion and kind are no fields.</summary>
    public bool IsTracked { get; }

    /// <summary>Whether the field's key would be in the message's JSON, and with what.</summary>
    /// <param name="message">The message.</param>
    /// <param name="value">As the accessor gives it; null where JSON has null.</param>
    public bool TryGet(IMessage message, out object? value)
    {
        var owner = message;
        foreach (var step in path.AsSpan(0, path.Length - 1))
        {
            if (step.Accessor.GetValue(owner) is not IMessage inner)
                return Zero(step.MessageType, out value);
            owner = inner;
        }

        return TryGet(path[^1], owner, out value);
    }

    private bool TryGet(FieldDescriptor field, IMessage owner, out object? value)
    {
        if (field.HasPresence && field.FieldType != FieldType.Message)
        {
            value = field.Accessor.HasValue(owner) ? field.Accessor.GetValue(owner) : null;
            return value is not null || presence == Presence.NullWhenUnset;
        }

        value = field.Accessor.GetValue(owner);
        switch (value)
        {
            case System.Collections.ICollection { Count: 0 }:
                value = null;
                return presence != Presence.OmitEmpty;
            case null:
                value = presence == Presence.Always ? EmptyOf(field.MessageType) : null;
                return presence != Presence.OmitEmpty;
            case ByteString { IsEmpty: true }:
                value = null;
                return presence == Presence.Always;
            case string { Length: 0 } or 0 or 0L or 0d or false:
                return presence == Presence.Always;
            default:
                return true;
        }
    }

    // The field of a message that is shown at its parent's level and is not there.
    private bool Zero(MessageDescriptor owner, out object? value) => TryGet(path[^1], owner.Parser.ParseFrom(ByteString.Empty), out value);

    // A struct is there with its own empty fields; a time that is not set is null.
    private static object? EmptyOf(MessageDescriptor message) =>
        (message.GetOptions()?.GetExtension(OptionsExtensions.JsonForm) ?? JsonForm.Object) is JsonForm.Time or JsonForm.MicroTime
            ? null : message.Parser.ParseFrom(ByteString.Empty);
}
