using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Hosting;

namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>Questions about users and their rights, and requests for certificates, over TLS with real identities.</summary>
public sealed class ReviewTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Authorization = "/apis/authorization.k8s.io/v1/";
    private const string Authentication = "/apis/authentication.k8s.io/v1/";
    private const string Requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

    [Theory]
    [InlineData("""{"user":"system:kube-scheduler","resourceAttributes":{"verb":"create","resource":"pods","subresource":"binding"}}""", true)]
    [InlineData("""{"user":"system:kube-scheduler","resourceAttributes":{"verb":"create","resource":"pods"}}""", false)]
    [InlineData("""{"user":"ann","groups":["system:masters"],"nonResourceAttributes":{"verb":"get","path":"/metrics"}}""", true)]
    [InlineData("""{"user":"ann","resourceAttributes":{"verb":"get","resource":"pods","namespace":"default"}}""", false)]
    [InlineData("""{"user":"ann","groups":["system:authenticated"],"nonResourceAttributes":{"verb":"get","path":"/version"}}""", true)]
    public async Task SubjectAccessReview_TellsWhatTheAuthorizerSays(string spec, bool allowed)
    {
        var (code, review) = await PostAsync(Authorization + "subjectaccessreviews", $$"""{"spec":{{spec}}}""");

        Assert.True(code == HttpStatusCode.Created, review.ToString());
        Assert.Equal(allowed, (bool)review["status"]!["allowed"]!);
    }

    [Theory]
    [InlineData("subjectaccessreviews", """{"user":"ann"}""",
        "SubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: \"null\": exactly one of nonResourceAttributes or resourceAttributes must be specified")]
    [InlineData("subjectaccessreviews", """{"resourceAttributes":{"verb":"get"}}""",
        "SubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.user: Invalid value: \"\": at least one of user or group must be specified")]
    [InlineData("namespaces/default/localsubjectaccessreviews", """{"user":"ann","resourceAttributes":{"verb":"get","namespace":"other"}}""",
        "LocalSubjectAccessReview.authorization.k8s.io \"\" is invalid: spec.resourceAttributes.namespace: Invalid value: \"other\": must match metadata.namespace")]
    public async Task Review_ThatAsksNothing_IsInvalid(string path, string spec, string message)
    {
        var (code, status) = await PostAsync(Authorization + path, $$"""{"metadata":{"namespace":"{{(path.Contains('/', StringComparison.Ordinal) ? "default" : "")}}"},"spec":{{spec}}}""");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, message), (code, status["message"]!.ToString()));
    }

    [Fact]
    public async Task SelfReviews_AreAboutTheCaller()
    {
        var (_, mine) = await PostAsync(
            Authorization + "selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"delete","resource":"nodes"}}}""");
        Assert.True((bool)mine["status"]!["allowed"]!);
        var (_, who) = await PostAsync(Authentication + "selfsubjectreviews", "{}");
        Assert.Contains("system:masters", who["status"]!["userInfo"]!["groups"]!.AsArray().Select(group => group!.ToString()));
        // So that logs tell one certificate of a user from another.
        var certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(rig.Pki.Directory, "admin.crt"), TestContext.Current.CancellationToken));
        Assert.Equal(
            "X509SHA256=" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(certificate.RawData)),
            Assert.Single(who["status"]!["userInfo"]!["extra"]!["authentication.kubernetes.io/credential-id"]!.AsArray())!.ToString());
        var (_, rules) = await PostAsync(Authorization + "selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""");
        Assert.Equal("*", rules["status"]!["resourceRules"]![0]!["verbs"]![0]!.ToString());
    }

    [Theory]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io", HttpStatusCode.NotAcceptable)]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io, application/json", HttpStatusCode.Created)]
    public async Task Review_AskedForAsTable_HasNone(string accept, HttpStatusCode code)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Authorization + "selfsubjectaccessreviews")
        {
            Content = new StringContent("""{"spec":{"nonResourceAttributes":{"verb":"get","path":"/"}}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Accept", accept);

        using var response = await rig.Admin.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(code, response.StatusCode);
    }

    [Fact]
    public async Task TokenReview_KnowsAServiceAccountsToken()
    {
        var (_, request) = await PostAsync("/api/v1/namespaces/default/serviceaccounts/default/token", """{"spec":{}}""");
        var token = request["status"]!["token"]!.ToString();
        var (code, good) = await PostAsync(Authentication + "tokenreviews", $$$"""{"spec":{"token":"{{{token}}}"}}""");
        Assert.True(code == HttpStatusCode.Created, good.ToString());
        Assert.True((bool)good["status"]!["authenticated"]!);
        Assert.Equal("system:serviceaccount:default:default", good["status"]!["user"]!["username"]!.ToString());
        var (_, bad) = await PostAsync(Authentication + "tokenreviews", """{"spec":{"token":"none"}}""");
        Assert.Null(bad["status"]!["authenticated"]);
    }

    [Fact]
    public async Task TokenReview_OfATokenThatIsBoundToANode_IsGoodAsLongAsTheNodeIs()
    {
        const string Accounts = "/api/v1/namespaces/default/serviceaccounts/default/token";
        var (_, node) = await PostAsync("/api/v1/nodes", """{"metadata":{"name":"bound"}}""");
        var (made, request) = await PostAsync(Accounts, """{"spec":{"boundObjectRef":{"kind":"Node","apiVersion":"v1","name":"bound"}}}""");
        Assert.True(made == HttpStatusCode.Created, request.ToString());
        var review = $$$"""{"spec":{"token":"{{{request["status"]!["token"]}}}"}}""";
        var (_, good) = await PostAsync(Authentication + "tokenreviews", review);
        Assert.True((bool)good["status"]!["authenticated"]!);
        var extra = good["status"]!["user"]!["extra"]!;
        Assert.Equal("bound", extra["authentication.kubernetes.io/node-name"]![0]!.ToString());
        Assert.Equal(node["metadata"]!["uid"]!.ToString(), extra["authentication.kubernetes.io/node-uid"]![0]!.ToString());

        var (_, missing) = await PostAsync(Accounts, """{"spec":{"boundObjectRef":{"kind":"Node","apiVersion":"v1","name":"none"}}}""");
        Assert.Equal("nodes \"none\" not found", missing["message"]!.ToString());
    }

    [Fact]
    public async Task SigningRequest_NamesWhoAsks_AndKeepsApprovalApart()
    {
        var (code, created) = await PostAsync(Requests, SigningRequest.Manifest("ann"));
        Assert.True(code == HttpStatusCode.Created, created.ToString());
        Assert.NotEmpty(created["spec"]!["username"]!.ToString());
        Assert.Contains("system:masters", created["spec"]!["groups"]!.AsArray().Select(group => group!.ToString()));
        const string approved = """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"r"}]}}""";
        var (refused, status) = await PatchAsync(Requests + "/ann/status", approved);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused);
        Assert.Equal(
            "CertificateSigningRequest.certificates.k8s.io \"ann\" is invalid: status.conditions: Forbidden: updates may not add a condition of type \"Approved\"",
            status["message"]!.ToString());
        var (allowed, request) = await PatchAsync(Requests + "/ann/approval", approved);
        Assert.True(allowed == HttpStatusCode.OK, request.ToString());
        Assert.NotNull(request["status"]!["conditions"]![0]!["lastUpdateTime"]);
        var (removed, _) = await PatchAsync(Requests + "/ann/approval", """{"status":{"conditions":[]}}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, removed);
        var (both, told) = await PatchAsync(
            Requests + "/ann/approval",
            """{"status":{"conditions":[{"type":"Approved","status":"True"},{"type":"Denied","status":"True"}]}}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, both);
        Assert.Contains("Approved and Denied conditions are mutually exclusive", told["message"]!.ToString());
    }

    [Theory]
    [InlineData("""{"request":"bm9uZQ==","signerName":"example.com/s","usages":["client auth"]}""", "spec.request", "PEM block type must be CERTIFICATE REQUEST")]
    [InlineData("""{"request":"REQUEST","signerName":"s","usages":["client auth"]}""", "spec.signerName", "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
    [InlineData("""{"request":"REQUEST","signerName":"example.com/s","usages":[]}""", "spec.usages", "usages must be provided")]
    [InlineData("""{"request":"REQUEST","signerName":"example.com/s","usages":["client auth"],"expirationSeconds":5}""", "spec.expirationSeconds", "may not specify a duration less than 600 seconds (10 minutes)")]
    public async Task SigningRequest_ThatIsNone_IsInvalid(string spec, string field, string message)
    {
        var pem = Convert.ToBase64String(Encoding.ASCII.GetBytes(SigningRequest.Pem));
        var (code, status) = await PostAsync(
            Requests, $$"""{"metadata":{"name":"bad"},"spec":{{spec.Replace("REQUEST", pem, StringComparison.Ordinal)}}}""");

        Assert.True(code == HttpStatusCode.UnprocessableEntity, status.ToString());
        var cause = Assert.Single(status["details"]!["causes"]!.AsArray())!;
        Assert.Equal(field, cause["field"]!.ToString());
        Assert.EndsWith(message, cause["message"]!.ToString(), StringComparison.Ordinal);
    }

    private Task<(HttpStatusCode Code, JsonNode Body)> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body, "application/json");

    private Task<(HttpStatusCode Code, JsonNode Body)> PatchAsync(string path, string body) =>
        SendAsync(HttpMethod.Patch, path, body, "application/merge-patch+json");

    private async Task<(HttpStatusCode Code, JsonNode Body)> SendAsync(HttpMethod method, string path, string body, string type)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, type) };
        using var response = await rig.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!);
    }
}
