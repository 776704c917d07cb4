using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cluster.ApiServer.Health;

/// <summary><c>/healthz</c> and its kin: <c>ok</c>, or with <c>?verbose</c> (and in failure) a line a check, in Kubernetes' form.</summary>
/// <param name="name">healthz, livez or readyz.</param>
/// <param name="checks">In the order they are told.</param>
public sealed class HealthEndpoint(string name, IReadOnlyList<HealthCheck> checks)
{
    /// <summary>A check that does not answer by then has failed.</summary>
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(2);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet($"/{name}", (RequestDelegate)(context => AnswerAsync(context, checks)));
        foreach (var check in checks)
            routes.MapGet($"/{name}/{check.Name}", (RequestDelegate)(context => AnswerAsync(context, [check])));
    }

    private async Task AnswerAsync(HttpContext context, IReadOnlyList<HealthCheck> asked)
    {
        var excluded = context.Request.Query["exclude"];
        var lines = new StringBuilder();
        var well = true;
        foreach (var check in asked)
        {
            var skipped = excluded.Contains(check.Name);
            var holds = skipped || await HoldsAsync(check, context.RequestAborted);
            well &= holds;
            lines.Append(holds ? "[+]" : "[-]").Append(check.Name).Append(skipped ? " excluded: ok\n" : holds ? " ok\n" : " failed: reason withheld\n");
        }

        context.Response.StatusCode = well ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        var verbose = context.Request.Query.ContainsKey("verbose");
        await context.Response.WriteAsync(
            well && !verbose ? "ok" : $"{lines}{name} check {(well ? "passed" : "failed")}\n", context.RequestAborted);
    }

    private static async ValueTask<bool> HoldsAsync(HealthCheck check, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(CheckTimeout);
        try
        {
            return await check.IsWellAsync(timeout.Token);
        }
        catch (Exception)
        {
            // Whatever keeps a check from answering is what the check is there to find.
            return false;
        }
    }
}
