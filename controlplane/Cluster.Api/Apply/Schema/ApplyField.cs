using Cluster.Api.Apply.Fields;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply.Schema;

/// <summary>A declared field of a message: its type, and how its value is found.</summary>
internal sealed class ApplyField
{
    private readonly Func<ApplyType> type;
    private readonly FieldDescriptor[] path;
    private readonly FieldReader? reader;
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
            reader = FieldReader.Of(field);
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
                return reader!.TryGet(step.MessageType.Parser.ParseFrom(ByteString.Empty), out value);
            owner = inner;
        }

        return reader!.TryGet(owner, out value);
    }
}
