using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;

namespace Cluster.Api.Tests.Vectors;

public sealed class ErrorVectorTests
{
    [Fact]
    public void Decode_EveryBody_SaysWhatKubernetesSays() => Vector.CheckAll<ErrorVector>("errors.json", vector =>
        Vector.Difference(vector.Body, vector.Message ?? "", Message(vector.Body, FieldValidation.Strict, null)));

    [Fact]
    public void Decode_EveryBody_WarnsOfWhatKubernetesWarnsOf() => Vector.CheckAll<ErrorVector>("errors.json", vector =>
    {
        var warnings = new List<string>();
        var message = Message(vector.Body, FieldValidation.Warn, warnings);
        return vector.Warnings is null ? null : Vector.Difference(vector.Body, string.Join('\n', vector.Warnings), string.Join('\n', warnings) + message);
    });

    private static string Message(string body, FieldValidation mode, List<string>? warnings)
    {
        try
        {
            JsonCodec.Decode(Encoding.UTF8.GetBytes(body), Pod.Descriptor, mode, warnings);
            return "";
        }
        catch (StatusException error)
        {
            Assert.Equal((400, "BadRequest"), (error.Code, error.Reason));
            return error.Status.Message;
        }
    }
}

public sealed record ErrorVector(string Body, string? Message, List<string>? Warnings);
