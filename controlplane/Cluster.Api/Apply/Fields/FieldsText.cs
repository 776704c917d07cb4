using System.Buffers;
using System.Text.Json;
using Cluster.Api.Json;
using Google.Protobuf;

namespace Cluster.Api.Apply.Fields;

/// <summary>Field sets as FieldsV1: a JSON object an element, <c>{}</c> for a member, <c>.</c> for a member with others below it.</summary>
internal static class FieldsText
{
    private static readonly byte[] Member = "\".\":{}"u8.ToArray();

    public static ByteString Write(FieldSet set)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        var output = new JsonOutput(buffer, null);
        Write(ref output, set, isMember: false);
        output.Flush();
        return ByteString.CopyFrom(buffer.WrittenSpan);
    }

    /// <exception cref="FormatException">The text is no set of fields.</exception>
    public static FieldSet Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
            return FieldSet.Empty;
        try
        {
            var input = new JsonInput(json, reportsProblems: false, maximumDepth: 512);
            input.Reader.Read();
            var set = Read(ref input, out _);
            input.Reader.Read();
            return set ?? FieldSet.Empty;
        }
        catch (JsonException error)
        {
            throw new FormatException(error.Message, error);
        }
    }

    private static void Write(ref JsonOutput output, FieldSet set, bool isMember)
    {
        output.BeginObject();
        if (isMember)
            output.Value(Member);
        foreach (var node in set.Nodes)
        {
            output.Key(node.Element.Serialized);
            Write(ref output, node.Children ?? FieldSet.Empty, node.IsMember && node.Children is not null);
        }

        output.EndObject();
    }

    // Null: nothing below; then the element itself is meant.
    private static FieldSet? Read(ref JsonInput input, out bool isMember)
    {
        isMember = false;
        FieldSet? set = null;
        if (input.Reader.TokenType == JsonTokenType.Null)
        {
            isMember = true;
            return null;
        }

        if (input.Reader.TokenType != JsonTokenType.StartObject)
            throw new FormatException("ReadMapCB: expect { or n");
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndObject)
        {
            var key = input.GetString();
            input.Reader.Read();
            if (key == ".")
            {
                isMember = true;
                input.Reader.Skip();
            }
            else if (PathElement.Parse(key) is not { } element)
            {
                input.Reader.Skip();
            }
            else
            {
                var children = Read(ref input, out var isChild);
                (set ??= new FieldSet()).Append(new FieldSet.Node(element, isChild, children));
            }
        }

        isMember |= set is null;
        return set;
    }
}
