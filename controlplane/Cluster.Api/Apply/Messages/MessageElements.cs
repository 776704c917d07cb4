using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;
using Cluster.Api.Apply.Trees;
using Google.Protobuf;

namespace Cluster.Api.Apply.Messages;

/// <summary>Finds what tells one element of a repeated field from the others.</summary>
internal static class MessageElements
{
    /// <summary>The path element; null where a key is missing and has no default, so that the element can't be told from others.</summary>
    public static PathElement? Of(ApplyType list, object item)
    {
        if (list.Keys.Count == 0)
            return PathElement.Value(Of(item));
        if (item is not IMessage message)
            return null;
        var keys = new (string Name, Scalar Value)[list.Keys.Count];
        for (var index = 0; index < keys.Length; index++)
        {
            var field = list.Element!.Field(list.Keys[index])!;
            if (field.TryGet(message, out var value) && value is not null)
                keys[index] = (field.Name, Of(value));
            else if (field.Default is { } text)
                keys[index] = (field.Name, ElementOf.Default(field, text));
            else
                return null;
        }

        if (keys.Length > 1)
            Array.Sort(keys, static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return PathElement.Key(keys);
    }

    private static Scalar Of(object value) => value switch
    {
        string text => Scalar.Of(text),
        int number => Scalar.Of(number),
        long number => Scalar.Of(number),
        bool flag => Scalar.Of(flag),
        _ => Scalar.Of(value.ToString()!),
    };
}
