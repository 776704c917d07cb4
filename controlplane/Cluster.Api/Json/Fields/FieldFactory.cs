using System.Reflection;
using Cluster.Api.Json.Forms;
using Cluster.Api.Options;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json.Fields;

/// <summary>Makes the codec of a field from its descriptor and options. Runs once a field; what it makes is free of reflection.</summary>
internal static class FieldFactory
{
    /// <summary>The JSON keys of a message in the order in which they are written.</summary>
    public static IEnumerable<JsonField> Create(MessageDescriptor message)
    {
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            if (Option(field, OptionsExtensions.Inline, false))
            {
                foreach (var inner in Create(field.MessageType))
                    yield return Inlined(field, inner);
            }
            else
            {
                yield return Create(field);
            }
        }
    }

    public static bool IsObject(MessageDescriptor message) => message.GetOptions()?.GetExtension(OptionsExtensions.Object) ?? false;

    private static JsonField Create(FieldDescriptor field)
    {
        var presence = Option(field, OptionsExtensions.Presence, Presence.OmitEmpty);
        var value = field.IsMap ? field.MessageType.FindFieldByNumber(2) : field;
        var (type, form) = ValueAndForm(value);
        var map = typeof(MapField<,>).MakeGenericType(typeof(string), type);
        if (field.IsMap)
            return Make(typeof(MapJsonField<,,>), field, type, form, map, Empty(field, presence));
        if (field.IsRepeated)
        {
            var list = Make(typeof(ListField<,,>), field, type, form, typeof(RepeatedField<>).MakeGenericType(type), Empty(field, presence));
            return field.FullName.EndsWith("ObjectMeta.managedFields", StringComparison.Ordinal) ? new ManagedFieldsField(list) : list;
        }

        if (field.FieldType == FieldType.Message)
            return Make(typeof(MessageField<,,>), field, type, form, type, presence);
        if (field.HasPresence)
            return Make(typeof(OptionalField<,,>), field, type, form, type, presence == Presence.NullWhenUnset);
        var scalar = Make(typeof(ScalarField<,,>), field, type, form, type, presence == Presence.Always);
        return field.FullName.EndsWith("Meta.resourceVersion", StringComparison.Ordinal) ? new ResourceVersionField(scalar) : scalar;
    }

    private static EmptyCollection Empty(FieldDescriptor field, Presence presence)
    {
        if (presence == Presence.OmitEmpty)
            return EmptyCollection.Omitted;
        var owner = field.ContainingType;
        var isItems = field.Name == "items" && IsObject(owner) && owner.Name.EndsWith("List", StringComparison.Ordinal);
        return isItems ? EmptyCollection.Written : EmptyCollection.Null;
    }

    private static JsonField Make(Type generic, FieldDescriptor field, Type value, Type form, Type propertyType, object argument)
    {
        var message = field.ContainingType.ClrType;
        return (JsonField)Activator.CreateInstance(
            generic.MakeGenericType(message, value, form), field.JsonName, BindProperty(message, propertyType, field), argument)!;
    }

    private static JsonField Inlined(FieldDescriptor field, JsonField inner)
    {
        var (message, child) = (field.ContainingType.ClrType, field.MessageType.ClrType);
        return (JsonField)Activator.CreateInstance(
            typeof(InlinedField<,>).MakeGenericType(message, child), inner, BindProperty(message, child, field))!;
    }

    private static object BindProperty(Type message, Type value, FieldDescriptor field) =>
        typeof(Property<,>).MakeGenericType(message, value)
            .GetMethod(nameof(Property<object, object>.Of), BindingFlags.Public | BindingFlags.Static)!
            .Invoke(null, [field])!;

    private static (Type Value, Type Form) ValueAndForm(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => (typeof(string), typeof(StringForm)),
        FieldType.Int32 => (typeof(int), typeof(Int32Form)),
        FieldType.Int64 => (typeof(long), typeof(Int64Form)),
        FieldType.Double => (typeof(double), typeof(DoubleForm)),
        FieldType.Bool => (typeof(bool), typeof(BoolForm)),
        FieldType.Bytes => (typeof(ByteString), typeof(BytesForm)),
        FieldType.Message => (field.MessageType.ClrType, MessageFormOf(field.MessageType)),
        _ => throw new NotSupportedException($"{field.FullName}: {field.FieldType} has no JSON form"),
    };

    private static Type MessageFormOf(MessageDescriptor message) =>
        (message.GetOptions()?.GetExtension(OptionsExtensions.JsonForm) ?? JsonForm.Object) switch
        {
            JsonForm.Time => typeof(TimeForm),
            JsonForm.MicroTime => typeof(MicroTimeForm),
            JsonForm.Quantity => typeof(QuantityForm),
            JsonForm.IntOrString => typeof(IntOrStringForm),
            JsonForm.Duration => typeof(DurationForm),
            JsonForm.Raw or JsonForm.Any => typeof(RawForm<>).MakeGenericType(message.ClrType),
            JsonForm.StringList => typeof(StringListForm<>).MakeGenericType(message.ClrType),
            JsonForm.SchemaOrArray => typeof(SchemaOrArrayForm),
            JsonForm.SchemaOrBool => typeof(SchemaOrBoolForm),
            JsonForm.SchemaOrStringArray => typeof(SchemaOrStringArrayForm),
            _ => typeof(MessageForm<>).MakeGenericType(message.ClrType),
        };

    private static T Option<T>(FieldDescriptor field, Extension<FieldOptions, T> option, T otherwise) =>
        field.GetOptions() is { } options && options.HasExtension(option) ? options.GetExtension(option) : otherwise;
}
