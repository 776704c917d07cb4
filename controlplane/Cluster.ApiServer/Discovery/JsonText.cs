using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Discovery;

/// <summary>Documents built as nodes, as bytes.</summary>
internal static class JsonText
{
    /// <summary>The default escapes quotes, pluses and more for use inside HTML pages: our documents are never part of one.</summary>
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Bytes(JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, Plain);
}
