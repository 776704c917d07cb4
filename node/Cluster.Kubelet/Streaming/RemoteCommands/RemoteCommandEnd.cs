using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cluster.Kubelet.Streaming.RemoteCommands;

/// <summary>How a command ended, in the words its client knows.</summary>
/// <param name="Reason">Empty: it succeeded.</param>
/// <param name="Message">For people, and for clients of long ago.</param>
/// <param name="Code">The HTTP code that goes with the reason; 0: none does.</param>
/// <param name="CauseReason">What the cause's message is; empty: more words for people.</param>
/// <param name="Cause">The cause's message, such as the exit code.</param>
internal sealed record RemoteCommandEnd(string Reason, string Message, int Code, string CauseReason, string Cause)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private bool IsSuccess => Reason.Length == 0;

    public static RemoteCommandEnd Exited(int code)
    {
        if (code == 0) return new RemoteCommandEnd("", "", 0, "", "");
        var number = code.ToString(CultureInfo.InvariantCulture);
        return new RemoteCommandEnd("NonZeroExitCode", $"command terminated with non-zero exit code: exit status {number}", 0, "ExitCode", number);
    }

    public static RemoteCommandEnd Failed(string what) => new("InternalError", "Internal error occurred: " + what, 500, "", what);

    /// <summary>The last words: a Status without its kind and version, as Kubernetes writes it here.</summary>
    public async Task WriteAsync(RemoteCommandStreams streams, CancellationToken cancellationToken)
    {
        if (streams.HasStatus) await streams.Error.WriteAsync(ToJson(), cancellationToken);
        else if (!IsSuccess) await streams.Error.WriteAsync(Encoding.UTF8.GetBytes(Message), cancellationToken);
        await streams.Error.CompleteAsync(cancellationToken);
    }

    private ReadOnlyMemory<byte> ToJson()
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Plain))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteEndObject();
            json.WriteString("status", IsSuccess ? "Success" : "Failure");
            if (!IsSuccess) WriteFailure(json);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private void WriteFailure(Utf8JsonWriter json)
    {
        json.WriteString("message", Message);
        json.WriteString("reason", Reason);
        json.WriteStartObject("details");
        json.WriteStartArray("causes");
        json.WriteStartObject();
        if (CauseReason.Length > 0) json.WriteString("reason", CauseReason);
        json.WriteString("message", Cause);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        if (Code != 0) json.WriteNumber("code", Code);
    }
}
