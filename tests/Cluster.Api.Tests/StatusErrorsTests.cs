using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests;

public class StatusErrorsTests
{
    private static readonly ResourceType PodType = ResourceCatalog.FindKind("v1", "Pod")!;
    private static readonly ResourceType Deployment = ResourceCatalog.FindKind("apps/v1", "Deployment")!;

    public static TheoryData<StatusException, int, string, string> Failures => new()
    {
        { StatusErrors.NotFound(PodType, "web"), 404, "NotFound", "pods \"web\" not found" },
        { StatusErrors.NotFound(Deployment, "web"), 404, "NotFound", "deployments.apps \"web\" not found" },
        { StatusErrors.AlreadyExists(Deployment, "web"), 409, "AlreadyExists", "deployments.apps \"web\" already exists" },
        {
            StatusErrors.Conflict(PodType, "web"), 409, "Conflict",
            "Operation cannot be fulfilled on pods \"web\": the object has been modified; please apply your changes to the latest version and try again"
        },
        { StatusErrors.Forbidden(PodType, "", "why"), 403, "Forbidden", "pods is forbidden: why" },
        { StatusErrors.Forbidden(PodType, "web", "why"), 403, "Forbidden", "pods \"web\" is forbidden: why" },
        { StatusErrors.Forbidden("", "", "", "why"), 403, "Forbidden", "forbidden: why" },
        { StatusErrors.Unauthorized(), 401, "Unauthorized", "Unauthorized" },
        { StatusErrors.BadRequest("as given"), 400, "BadRequest", "as given" },
        { StatusErrors.TooOldResourceVersion(5, 9), 410, "Expired", "too old resource version: 5 (9)" },
        { StatusErrors.MethodNotAllowed(PodType, "patch"), 405, "MethodNotAllowed", "patch is not supported on resources of kind \"pods\"" },
        { StatusErrors.NotAcceptable("a", "b"), 406, "NotAcceptable", "only the following media types are accepted: a, b" },
        {
            StatusErrors.UnsupportedMediaType("a", "b"), 415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: a, b"
        },
        { StatusErrors.RequestEntityTooLarge(3145728), 413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728" },
        { StatusErrors.InternalError("boom"), 500, "InternalError", "Internal error occurred: boom" },
        { StatusErrors.Timeout("slow"), 504, "Timeout", "Timeout: slow" },
        {
            StatusErrors.ServerTimeout(PodType, "POST", 1), 500, "ServerTimeout",
            "The POST operation against pods could not be completed at this time, please try again."
        },
        { StatusErrors.TooLargeResourceVersion(9, 5), 504, "Timeout", "Timeout: Too large resource version: 9, current: 5" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Factory_Always_GivesKubernetesCodeReasonAndMessage(StatusException failure, int code, string reason, string message)
    {
        Assert.Equal((code, reason, message), (failure.Code, failure.Reason, failure.Message));
        Assert.Equal("Failure", failure.Status.Status_);
    }

    /// <summary>The reasons that the vectors made by Kubernetes' own library do not hold, and what is special to some: the whole status.</summary>
    public static TheoryData<StatusException, string> Wholes => new()
    {
        { StatusErrors.Gone("as given"), """{"message":"as given","reason":"Gone","code":410}""" },
        { StatusErrors.Unexplained("as given"), """{"message":"as given","code":500}""" },
        { StatusErrors.NotAcceptable("a", "b"), """{"message":"only the following media types are accepted: a, b","reason":"NotAcceptable","code":406}""" },
        {
            StatusErrors.UnsupportedMediaType("a", "b"),
            """{"message":"the body of the request was in an unknown format - accepted media types include: a, b","reason":"UnsupportedMediaType","code":415}"""
        },
        { StatusErrors.RequestEntityTooLarge(9), """{"message":"Request entity too large: limit is 9","reason":"RequestEntityTooLarge","code":413}""" },
        {
            StatusErrors.TooLargeResourceVersion(9, 5),
            """{"message":"Timeout: Too large resource version: 9, current: 5","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}"""
        },
        {
            StatusErrors.NamespaceTerminating(PodType, "web", "old"),
            """{"message":"pods \u0022web\u0022 is forbidden: unable to create new content in namespace old because it is being terminated","reason":"Forbidden","details":{"name":"web","kind":"pods","causes":[{"reason":"NamespaceTerminating","message":"namespace old is being terminated","field":"metadata.namespace"}]},"code":403}"""
        },
    };

    [Theory]
    [MemberData(nameof(Wholes))]
    public void Status_OfEachReason_IsWhole(StatusException failure, string expected)
    {
        var whole = JsonNode.Parse(JsonCodec.EncodeToBytes(failure.Status))!.AsObject();
        Assert.Equal(("v1", "Status", "Failure"), (Take("apiVersion"), Take("kind"), Take("status")));
        Take("metadata");

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), whole), whole.ToJsonString());

        string? Take(string field)
        {
            var value = whole[field]?.ToString();
            whole.Remove(field);
            return value;
        }
    }

    /// <summary>Every type of error has its cause, in a status as by itself.</summary>
    [Theory]
    [InlineData(FieldErrorType.NotFound, "FieldValueNotFound", "Not found: \"v\": why")]
    [InlineData(FieldErrorType.Required, "FieldValueRequired", "Required value: why")]
    [InlineData(FieldErrorType.Duplicate, "FieldValueDuplicate", "Duplicate value: \"v\": why")]
    [InlineData(FieldErrorType.Invalid, "FieldValueInvalid", "Invalid value: \"v\": why")]
    [InlineData(FieldErrorType.NotSupported, "FieldValueNotSupported", "Unsupported value: \"v\": why")]
    [InlineData(FieldErrorType.Forbidden, "FieldValueForbidden", "Forbidden: why")]
    [InlineData(FieldErrorType.TooLong, "FieldValueTooLong", "Too long: why")]
    [InlineData(FieldErrorType.TooMany, "FieldValueTooMany", "Too many: \"v\": why")]
    [InlineData(FieldErrorType.Internal, "InternalError", "Internal error: why")]
    [InlineData(FieldErrorType.TypeInvalid, "FieldValueTypeInvalid", "Invalid value: \"v\": why")]
    public void Invalid_OfEachType_HasItsCause(FieldErrorType type, string reason, string body)
    {
        var failure = StatusErrors.Invalid(PodType, "x", [new FieldError(type, "spec.a[0].b", "v", "why")]);

        Assert.Equal($"Pod \"x\" is invalid: spec.a[0].b: {body}", failure.Message);
        var cause = Assert.Single(failure.Status.Details.Causes);
        Assert.Equal((reason, "spec.a[0].b", body), (cause.Reason, cause.Field, cause.Message));
    }

    [Fact]
    public void NotFound_Details_NameThePluralResource()
    {
        var details = StatusErrors.NotFound(Deployment, "web").Status.Details;

        Assert.Equal(("web", "apps", "deployments"), (details.Name, details.Group, details.Kind));
    }

    [Fact]
    public void Invalid_OneError_IsToldWithoutBrackets()
    {
        var failure = StatusErrors.Invalid(PodType, "x", [FieldError.Required("spec.containers[0].name")]);

        Assert.Equal("Pod \"x\" is invalid: spec.containers[0].name: Required value", failure.Message);
    }

    [Fact]
    public void Invalid_ThousandsOfErrors_TellsTheFirstAndHowManyMoreThereAre()
    {
        var pod = new Pod { Metadata = new() { Name = "x", Namespace = "x" }, Spec = new() };
        pod.Spec.Containers.Add(new Container { Name = "c", Image = "i" });
        pod.Spec.Containers[0].Env.AddRange(Enumerable.Range(0, 100_000).Select(_ => new EnvVar()));

        var failure = StatusErrors.Invalid(PodType, "x", Validator.ValidateCreate(pod));

        Assert.Equal(101, failure.Status.Details.Causes.Count);
        Assert.Matches("more are not shown]$", failure.Message);
        Assert.Equal(101, StatusErrors.Invalid(PodType, "x", Enumerable.Repeat(FieldError.Required("a"), 1000)).Status.Details.Causes.Count);
    }

    [Fact]
    public void Invalid_SeveralErrors_AreListedAndEachIsACause()
    {
        var failure = StatusErrors.Invalid(
            Deployment, "x", [FieldError.Required("a"), FieldError.Invalid("b", "v", "why")]);

        Assert.Equal("Deployment.apps \"x\" is invalid: [a: Required value, b: Invalid value: \"v\": why]", failure.Message);
        var details = failure.Status.Details;
        Assert.Equal(("x", "apps", "Deployment"), (details.Name, details.Group, details.Kind));
        Assert.Equal(["FieldValueRequired", "FieldValueInvalid"], details.Causes.Select(cause => cause.Reason));
        Assert.Equal(["a", "b"], details.Causes.Select(cause => cause.Field));
        Assert.Equal(["Required value", "Invalid value: \"v\": why"], details.Causes.Select(cause => cause.Message));
    }

    [Fact]
    public void NamespaceTerminating_Cause_PointsAtTheNamespace()
    {
        var failure = StatusErrors.NamespaceTerminating(PodType, "web", "old");

        var cause = Assert.Single(failure.Status.Details.Causes);
        Assert.Equal(("NamespaceTerminating", "metadata.namespace"), (cause.Reason, cause.Field));
    }
}
