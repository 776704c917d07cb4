using System.Text;
using System.Text.Json;
using Cluster.Api;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Cluster.Api.Tables;
using Cluster.Api.Validation;
using Cluster.Api.Yaml;
using Cluster.ApiServer.Auditing;
using Cluster.Client;
using Cluster.Fuzz.Tests.Generating;
using Cluster.Proxy.Config;
using CsCheck;
using Google.Protobuf.Reflection;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>The forms objects come in. Whatever comes is read or refused with a Status, and what is read is the same in every form.</summary>
public sealed class CodecFuzzTests
{
    private static readonly Gen<string> Kind = Objects.Any.Select(vector => $"{vector.ApiVersion} {vector.Kind}");

    [Fact]
    public Task Json() => Fuzzer.RunAsync(Edge.Of("json", Gen.Select(Kind, Damage.Of(Objects.Json), Framed.Join), input =>
    {
        var (head, body) = Framed.Split(input, 1);
        if (TypeOf(head[0], body) is not { } type)
            return;
        foreach (var mode in Enum.GetValues<FieldValidation>())
            Refusable(() => JsonCodec.Decode(body, type, mode, []));
        if (Refusable(() => JsonCodec.Decode(body, type, FieldValidation.Ignore, null)) is IApiObject obj)
            Hold(obj);
    }));

    [Fact]
    public Task Protobuf() => Fuzzer.RunAsync(Edge.Of("protobuf", Gen.Select(Kind, Damage.Of(Objects.Any.Select(vector => vector.Protobuf)), Framed.Join), input =>
    {
        var (head, body) = Framed.Split(input, 1);
        Refusable(() => Envelope.Decode(body));
        if (TypeOf(head[0], body) is { } type && Refusable(() => Envelope.Decode(body, type)) is IApiObject obj)
            Hold(obj);
    }));

    [Fact]
    public Task Yaml()
    {
        var texts = Cluster.Api.Tests.Vectors.Vector.Read<YamlText>("yaml.json").Select(vector => vector.Yaml).ToList();
        var known = Gen.Int[0, texts.Count - 1].Select(index => texts[index]);
        var flow = Gen.Select(Texts.Any, Texts.Any, JsonTexts.Value, (name, tag, value) => $"{name}: &{tag} {value}\n- *{tag}\n? {value}\n: !!{tag} |\n  {tag}\n---\n");
        var laughs = Gen.Int[1, 40].Select(depth => "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(1, depth).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 9))}]\n")));
        var deep = Gen.Select(Gen.OneOf("[", "- ", "{a: ", "? "), Gen.Int[1, 5_000], (open, count) => string.Concat(Enumerable.Repeat(open, count)));
        var inputs = Damage.Of(Gen.Frequency((6, known), (3, Objects.Json), (3, flow), (1, laughs), (1, deep)));
        // What aliases expand to is bounded at a million nodes.
        return Fuzzer.RunAsync(Edge.Of("yaml", inputs, input =>
        {
            var text = Encoding.UTF8.GetString(input);
            foreach (var document in Refusable(() => YamlCodec.ToJson(text)) ?? [])
            {
                Assert.Null(GoJsonSyntax.Error(document));
                Assert.Equal(document, Assert.Single(YamlCodec.ToJson(Encoding.UTF8.GetString(document))));
            }
        }) with { MostAllocated = 512L << 20 });
    }

    [Fact]
    public Task Configurations()
    {
        var files = Gen.OneOf(
            "{\"kind\":\"Policy\",\"omitStages\":[\"RequestReceived\"],\"rules\":[{\"level\":\"Metadata\",\"users\":[\"a\"],\"verbs\":[\"get\"],\"resources\":[{\"group\":\"\",\"resources\":[\"pods/*\"],\"resourceNames\":[\"a\"]}],\"nonResourceURLs\":[\"/a*\"]}]}",
            "{\"apiVersion\":\"v1\",\"kind\":\"Config\",\"current-context\":\"a\",\"contexts\":[{\"name\":\"a\",\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"https://127.0.0.1:6443\",\"insecure-skip-tls-verify\":true}}],\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t\"}}]}",
            "{\"threads\":1,\"services\":[{\"name\":\"web\",\"listen\":\"127.0.0.1:80\",\"protocol\":\"tcp\",\"policy\":\"round-robin\",\"backends\":[\"10.0.0.1:80\",{\"address\":\"10.0.0.2:80\",\"weight\":2}]}]}");
        var inputs = Damage.Of(Gen.Frequency((6, JsonTexts.Changed(files)), (1, JsonTexts.Value), (1, Objects.Json)));
        return Fuzzer.RunAsync(Edge.Of("configurations", inputs, input =>
        {
            var text = Encoding.UTF8.GetString(input);
            Only<InvalidDataException>(() => AuditPolicy.Parse(text, "policy"));
            Only<InvalidDataException>(() => Kubeconfig.Parse(text, "/nowhere/config").Connect());
            Only<ConfigException>(() => LoadBalancerFile.Parse(text));
        }) with { MostAllocated = 512L << 20 });
    }

    // The object is the same after JSON, after protobuf, and after both; and nothing that the server does to it fails.
    private static void Hold(IApiObject obj)
    {
        var type = obj.Descriptor;
        // A pointer to an empty time is null in JSON, in Go too, and nothing once it is read.
        obj = (IApiObject)JsonCodec.Decode(JsonCodec.EncodeToBytes(obj), type, FieldValidation.Strict, null);
        var json = JsonCodec.EncodeToBytes(obj);
        AssertSame(json, JsonCodec.EncodeToBytes(JsonCodec.Decode(json, type, FieldValidation.Strict, null)));
        var envelope = Envelope.Encode(obj);
        var unpacked = Envelope.Decode(envelope, type);
        Assert.Equal(envelope, Envelope.Encode(unpacked));
        AssertSame(json, JsonCodec.EncodeToBytes(unpacked));
        if (ResourceCatalog.Find(type) is not { } resource)
            return;
        Defaults.Apply(obj);
        var defaulted = JsonCodec.EncodeToBytes(obj);
        Defaults.Apply(obj);
        AssertSame(defaulted, JsonCodec.EncodeToBytes(obj));
        var isValid = Validator.ValidateCreate(obj).Count == 0;
        Validator.ValidateUpdate(obj, (IApiObject)unpacked);
        Validator.ValidateStatusUpdate(obj, (IApiObject)unpacked);
        // Only what is valid is ever stored and shown.
        if (isValid)
            TableColumns.For(resource).Cells(obj, DateTimeOffset.UnixEpoch);
    }

    private static void AssertSame(byte[] expected, byte[] actual) => Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(actual));

    // Half the inputs are read as what they say they are.
    private static MessageDescriptor? TypeOf(string head, byte[] body)
    {
        if (body.Length % 2 == 0 && DeclaredIn(body) is { } declared)
            return declared;
        return head.Split(' ') is [var apiVersion, var kind] ? ApiKinds.Find(apiVersion, kind) : null;
    }

    private static MessageDescriptor? DeclaredIn(byte[] body)
    {
        try
        {
            if (Envelope.HasMagic(body))
                return Envelope.Decode(body).TypeMeta is { } meta ? ApiKinds.Find(meta.ApiVersion, meta.Kind) : null;
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("apiVersion", out var version) && root.TryGetProperty("kind", out var kind)
                ? ApiKinds.Find(version.ToString(), kind.ToString()) : null;
        }
        catch (Exception error) when (error is JsonException or StatusException or InvalidOperationException)
        {
            return null;
        }
    }

    private static T? Refusable<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (StatusException refusal)
        {
            Assert.InRange(refusal.Code, 400, 499);
            return null;
        }
    }

    private static void Only<T>(Action read)
        where T : Exception
    {
        try
        {
            read();
        }
        catch (T)
        {
            // What the file's reader says it throws.
        }
    }

    private sealed record YamlText(string Yaml);
}
