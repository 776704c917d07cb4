using System.Reflection;
using Cluster.Api.Json.Fields;
using Cluster.Api.Options;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply.Schema;

/// <summary>Tells whether a field's key would be in its message's JSON, and with what. Made once a field; reading costs no reflection.</summary>
internal abstract class FieldReader
{
    /// <summary>Whether the key would be there.</summary>
    /// <param name="owner">The message that declares the field.</param>
    /// <param name="value">As the accessor gives it; null where JSON has null.</param>
    public abstract bool TryGet(IMessage owner, out object? value);

    public static FieldReader Of(FieldDescriptor field)
    {
        var presence = field.GetOptions()?.GetExtension(OptionsExtensions.Presence) ?? Presence.OmitEmpty;
        var message = field.ContainingType.ClrType;
        var property = message.GetProperty(field.PropertyName)!.PropertyType;
        if (field.IsRepeated)
            return Make(typeof(CollectionReader<,>), message, property, field, presence);
        if (field.FieldType == FieldType.Message)
            return Make(typeof(MessageReader<,>), message, property, field, presence);
        return Make(field.HasPresence ? typeof(OptionalReader<,>) : typeof(ScalarReader<,>), message, property, field, presence);
    }

    private static FieldReader Make(Type reader, Type message, Type value, FieldDescriptor field, Presence presence)
    {
        var property = typeof(Property<,>).MakeGenericType(message, value)
            .GetMethod(nameof(Property<object, object>.Of), BindingFlags.Public | BindingFlags.Static)!.Invoke(null, [field])!;
        return (FieldReader)Activator.CreateInstance(reader.MakeGenericType(message, value), property, presence)!;
    }
}
