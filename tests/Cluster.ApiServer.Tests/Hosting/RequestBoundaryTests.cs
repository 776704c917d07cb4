using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class RequestBoundaryTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stopping = new();
    private JsonNode _status = new JsonObject();
    private readonly System.Security.Cryptography.ECDsa _key = System.Security.Cryptography.ECDsa.Create();

    [Fact]
    public async Task InvokeAsync_RequestOverItsTime_IsAnsweredATimeout()
    {
        var running = RunAsync("/version", context =>
        {
            _time.Advance(TimeSpan.FromSeconds(60));
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        Assert.Equal((504, "Timeout", "Timeout: request did not complete within the allotted timeout"), await running);
    }

    [Theory]
    [InlineData("5s", 5)]
    [InlineData("1m500ms", 60)]
    [InlineData("2h", 60)]
    [InlineData("0s", 60)]
    [InlineData("-5s", 60)]
    [InlineData("", 60)]
    public async Task InvokeAsync_TimeItsClientWaits_BoundsItBelowTheServersOwn(string timeout, int seconds)
    {
        var before = true;
        var running = RunAsync("/version?timeout=" + timeout, context =>
        {
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            before = context.RequestAborted.IsCancellationRequested;
            _time.Advance(TimeSpan.FromMilliseconds(1));
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        Assert.Equal((504, "Timeout", "Timeout: request did not complete within the allotted timeout"), await running);
        Assert.False(before);
    }

    [Theory]
    [InlineData("5", "time: missing unit in duration \"5\"")]
    [InlineData("soon", "time: invalid duration \"soon\"")]
    [InlineData("99999999999999999h", "time: invalid duration \"99999999999999999h\"")]
    public async Task InvokeAsync_TimeThatIsNone_IsABadRequest(string timeout, string why) => Assert.Equal(
        (400, "BadRequest", "invalid timeout specified in the request URL - " + why),
        await RunAsync("/version?timeout=" + timeout, _ => throw new InvalidOperationException("not reached")));

    [Fact]
    public async Task InvokeAsync_Watch_HasNoTimeButEndsWithTheServer()
    {
        var aborted = false;
        var running = RunAsync("/api/v1/pods?watch=1&timeout=5s", async context =>
        {
            _time.Advance(TimeSpan.FromHours(2));
            aborted = context.RequestAborted.IsCancellationRequested;
            await _stopping.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        Assert.Equal((503, "ServiceUnavailable", "the server is shutting down"), await running);
        Assert.False(aborted);
    }

    [Fact]
    public async Task InvokeAsync_BugInside_IsAnInternalErrorThatTellsNothing()
    {
        var (code, reason, message) = await RunAsync("/version", _ => throw new InvalidOperationException("secret detail"));

        Assert.Equal((500, "InternalError", "Internal error occurred: this request caused the server to fail; the reason is in its log"), (code, reason, message));
        Assert.Equal("this request caused the server to fail; the reason is in its log", Assert.Single(_status["details"]!["causes"]!.AsArray())!["message"]!.ToString());
    }

    [Fact]
    public async Task InvokeAsync_Status_IsPassedOn() => Assert.Equal(
        (404, "NotFound", "pods \"x\" not found"),
        await RunAsync("/version", _ => throw StatusErrors.NotFound("", "pods", "x")));

    public void Dispose()
    {
        _stopping.Dispose();
        _key.Dispose();
    }

    private async Task<(int Code, string Reason, string Message)> RunAsync(string path, RequestDelegate next)
    {
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=a", _key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var authority = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(90));
        var options = new ApiServerOptions { Pki = null!, Time = _time };
        var boundary = new RequestBoundary(
            new RequestAuthenticator(new ClientCertificates(authority, _time), new CachedTokenAuthenticator([], _time)),
            new RequestAuthorizer(new EveryoneMay()),
            new Cluster.ApiServer.Fairness.FairQueues(600, TimeSpan.FromSeconds(1), _time, cores: 2),
            new Cluster.ApiServer.Auditing.Auditor(null, Cluster.ApiServer.Auditing.AuditPolicy.Default, _time),
            options,
            NullLogger.Instance,
            _stopping.Token);
        var context = new DefaultHttpContext();
        var parts = path.Split('?');
        context.Request.Method = "GET";
        context.Request.Path = parts[0];
        context.Request.QueryString = new QueryString(parts.Length > 1 ? "?" + parts[1] : null);
        using var body = new MemoryStream();
        context.Response.Body = body;
        await boundary.InvokeAsync(context, next);

        await context.Response.CompleteAsync();
        var status = JsonDocument.Parse(body.ToArray()).RootElement;
        _status = JsonNode.Parse(body.ToArray())!;
        Assert.Equal(context.Response.StatusCode, status.GetProperty("code").GetInt32());
        return (context.Response.StatusCode, status.GetProperty("reason").GetString()!, status.GetProperty("message").GetString()!);
    }

    private sealed class EveryoneMay : IAuthorizer
    {
        public ValueTask<Cluster.Api.AuthorizationV1.SubjectRulesReviewStatus> RulesOfAsync(
            UserIdentity user, string ns, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken) =>
            ValueTask.FromResult(AuthorizationDecision.Allow);
    }
}
