using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Tables;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Rest;

/// <summary>Objects as the rows kubectl shows: the server makes the cells, ages included, so it is written for each request anew.</summary>
internal sealed class TableBody(TableColumns columns, string version, IncludedObject included, DateTimeOffset now)
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true,
    };

    /// <param name="meta">Of the list or, for one object, its resourceVersion.</param>
    /// <param name="objects">A row each.</param>
    /// <param name="withColumns">False in a watch after its first event.</param>
    public ReadOnlyMemory<byte> Write(ListMeta meta, IEnumerable<EncodedMessage> objects, bool withColumns = true)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(output, WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, "Table"u8);
            writer.WriteString("apiVersion"u8, version);
            writer.WritePropertyName("metadata"u8);
            writer.WriteRawValue(JsonCodec.EncodeToBytes(meta), skipInputValidation: true);
            WriteColumns(writer, withColumns);
            writer.WriteStartArray("rows"u8);
            foreach (var obj in objects)
                WriteRow(writer, obj);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return output.WrittenMemory;
    }

    private void WriteColumns(Utf8JsonWriter writer, bool withColumns)
    {
        if (!withColumns)
        {
            writer.WriteNull("columnDefinitions"u8);
            return;
        }

        writer.WriteStartArray("columnDefinitions"u8);
        foreach (var column in columns.Columns)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, column.Name);
            writer.WriteString("type"u8, column.Type);
            writer.WriteString("format"u8, column.Format);
            writer.WriteString("description"u8, column.Description);
            writer.WriteNumber("priority"u8, column.Priority);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteRow(Utf8JsonWriter writer, EncodedMessage obj)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells"u8);
        foreach (var cell in columns.Cells((IApiObject)obj.Message, now))
            WriteCell(writer, cell);
        writer.WriteEndArray();
        WriteObject(writer, obj);
        writer.WriteEndObject();
    }

    private void WriteObject(Utf8JsonWriter writer, EncodedMessage obj)
    {
        writer.WritePropertyName("object"u8);
        if (included == IncludedObject.None)
        {
            writer.WriteNullValue();
            return;
        }

        var message = included == IncludedObject.Object
            ? obj
            : PartialMetadata.Of((IApiObject)obj.Message, version);
        writer.WriteRawValue(message.Json.Span, skipInputValidation: true);
    }

    private static void WriteCell(Utf8JsonWriter writer, object? cell)
    {
        switch (cell)
        {
            case null: writer.WriteNullValue(); break;
            case string text: writer.WriteStringValue(text); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            default: writer.WriteStringValue(cell.ToString()); break;
        }
    }
}
