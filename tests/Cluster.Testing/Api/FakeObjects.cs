using Cluster.Api;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Testing;

/// <summary>What the fake server does to objects whose kind it knows only by descriptor.</summary>
internal static class FakeObjects
{
    public static IApiObject Copy(IApiObject obj) => (IApiObject)obj.Descriptor.Parser.ParseFrom(obj.ToByteString());

    public static bool HasStatus(ResourceType type) => type.Subresources.Any(sub => sub.Name == "status");

    /// <summary>Puts one field of <paramref name="from"/>, or its absence, into <paramref name="to"/>.</summary>
    public static void TakeField(IApiObject to, IApiObject from, string field)
    {
        if (to.Descriptor.FindFieldByName(field) is not { } descriptor)
        {
            return;
        }

        if (Value(from, descriptor) is { } value)
        {
            descriptor.Accessor.SetValue(to, value);
        }
        else
        {
            descriptor.Accessor.Clear(to);
        }
    }

    public static void ClearField(IApiObject obj, string field) => obj.Descriptor.FindFieldByName(field)?.Accessor.Clear(obj);

    public static bool SameField(IApiObject a, IApiObject b, string field) =>
        a.Descriptor.FindFieldByName(field) is not { } descriptor || Equals(Value(a, descriptor), Value(b, descriptor));

    private static object? Value(IApiObject obj, FieldDescriptor field) => field.Accessor.GetValue(obj);
}
