using Cluster.Api;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.Grpc;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Hosting;

/// <summary>
/// What every request passes first and last: it is timed, counted and logged, its caller found and asked for permission, and whatever
/// goes wrong inside becomes a Status.
/// </summary>
internal sealed partial class RequestBoundary(
    RequestAuthenticator authenticator, RequestAuthorizer authorizer, FairQueues queues, Auditor auditor, ApiServerOptions options, ILogger logger,
    CancellationToken stopping)
{
    /// <summary>What nginx calls a request whose client went away; nobody reads it but the metrics.</summary>
    private const int ClientClosedRequest = 499;

    /// <summary>A hundred wrong passwords a second of all clients are told at once.</summary>
    private const int RefusedStrangersASecond = 100;

    private readonly Impersonation _impersonation = new(authorizer);
    private readonly Refusals _strangers = new(RefusedStrangersASecond, options.Time);

    /// <summary>What is served; null: what is built in.</summary>
    public ServedResources? Resources { get; init; }

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var path = RequestPath.Parse(context.Request.Path.Value ?? "/");
        var labels = RequestLabels.Of(context.Request, path, Resources);
        var started = options.Time.GetTimestamp();
        ServerMetrics.Started(labels);
        try
        {
            using var lifetime = new RequestLifetime(context, labels.LongRunning, options.RequestTimeout, options.Time, stopping);
            await RunAsync(context, labels, lifetime, next);
        }
        finally
        {
            var elapsed = options.Time.GetElapsedTime(started);
            ServerMetrics.Ended(labels, context.Response.StatusCode, elapsed.TotalSeconds);
            if (logger.IsEnabled(LogLevel.Debug))
                LogRequest(context.Request.Method, context.Request.Path, context.Response.StatusCode, elapsed.TotalMilliseconds);
        }
    }

    private async Task RunAsync(HttpContext context, RequestLabels labels, RequestLifetime lifetime, RequestDelegate next)
    {
        var id = Auditor.Identify(context);
        var trace = RequestTraces.Start(context, labels, id);
        AuditEntry? entry = null;
        UserIdentity? caller = null;
        var panic = false;
        try
        {
            lifetime.Check();
            caller = await authenticator.AuthenticateAsync(context);
            var user = await _impersonation.ResolveAsync(context, caller);
            context.Features.Set(user);
            entry = await auditor.BeginAsync(context, id, caller, user);
            context.Features.Set(entry);
            await ServeAsync(context, user, labels, next);
        }
        catch (OperationCanceledException) when (lifetime.ClientLeft)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = ClientClosedRequest;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && context.Response.HasStarted)
        {
            // A watch or a log whose server stops: its stream ends as it would at its own timeout.
        }
        catch (Exception e)
        {
            // The top of the request: nothing a request does may end the server.
            var failure = Describe(e, lifetime, context.Request);
            if (failure.Code == StatusCodes.Status401Unauthorized)
                await _strangers.HoldAsync(context.RequestAborted).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            panic = failure.Code == StatusCodes.Status500InternalServerError;
            lifetime.Release();
            await AnswerAsync(context, failure);
            // Who could not be told, or acted in a name that was not theirs to use.
            entry ??= await auditor.BeginAsync(context, id, caller, caller);
        }
        finally
        {
            if (entry is not null)
                await entry.EndAsync(panic);
            RequestTraces.End(trace, context.Response.StatusCode);
        }
    }

    private async Task ServeAsync(HttpContext context, UserIdentity user, RequestLabels labels, RequestDelegate next)
    {
        var isCall = GrpcEndpoints.AsksItself(context.Request);
        using var held = isCall || labels.Watches ? new RequestSeat(queues, user, context.Request.Path.Value ?? "/") : null;
        using var seat = held is null ? await queues.EnterAsync(user, context.Request.Path.Value ?? "/", labels, context.RequestAborted) : default;
        if (held is not null)
        {
            context.Features.Set(held);
            // Whether a component's call is about its lease, which never waits behind its other work, only the message says.
            if (!isCall || !FlowSchemas.IsComponent(user))
                await held.TakeAsync(labels, context.RequestAborted);
        }

        if (isCall)
            GrpcEndpoints.BoundMessage(context);
        else
            await authorizer.AuthorizeAsync(context, user);
        await next(context);
    }

    private StatusException Describe(Exception e, RequestLifetime lifetime, HttpRequest request)
    {
        switch (e)
        {
            case StatusException status:
                return status;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return StatusErrors.RequestEntityTooLarge(ServerLimits.MaxRequestBodyBytes);
            case BadHttpRequestException bad:
                return StatusErrors.BadRequest(bad.Message);
            case OperationCanceledException when lifetime.TimedOut:
                return StatusErrors.Timeout("request did not complete within the allotted timeout");
            case OperationCanceledException:
                return StatusErrors.ServiceUnavailable("the server is shutting down");
            default:
                LogPanic(e, request.Method, request.Path);
                return StatusErrors.InternalError("this request caused the server to fail; the reason is in its log", e);
        }
    }

    /// <summary>A response under way cannot change its mind: the connection (or stream) is cut, so that nobody takes it for whole.</summary>
    private static async Task AnswerAsync(HttpContext context, StatusException failure)
    {
        if (context.Response.HasStarted)
            context.Abort();
        else if (RequestLabels.IsGrpc(context.Request))
            GrpcErrors.Write(context.Response, failure.Status);
        else
            await StatusResponse.WriteAsync(context, failure);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Path} {Code} {Milliseconds:F1} ms")]
    private partial void LogRequest(string method, PathString path, int code, double milliseconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogPanic(Exception e, string method, PathString path);
}
