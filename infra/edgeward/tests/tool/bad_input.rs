//! What is wrong around the tool ends in a message that says what to do. Each has its good twin in the other files.

use crate::world::{World, end};

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_or_region_without_parameters_is_no_deployment() {
    let world = World::new().await;
    world
        .run(&["push", "--region", "us-east-1"])
        .await
        .fails_with("there are no parameters below /edgeward/prod/edge in us-east-1");
    let mut command = world.command();
    command.args(["check", "--deployment", "nobodys"]);
    end(command).await.fails_with("deploy the stacks first");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_region_one_is_asked_for() {
    let world = World::new().await;
    let mut command = world.command();
    command.args(["check", "--deployment", "prod"]).env_remove("AWS_REGION");
    end(command).await.fails_with("no AWS region: add --region");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_one_is_told_to_sign_in() {
    let world = World::new().await;
    let mut command = world.command();
    command.args(["check", "--deployment", "prod"]).env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    end(command).await.fails_with("there are no AWS credentials; sign in");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_is_explained() {
    let world = World::new().await;
    for (fault, words) in [
        ("AccessDeniedException", "lacks the permission"),
        ("ExpiredTokenException", "have expired: sign in again"),
        ("UnrecognizedClientException", "are not valid: sign in again"),
    ] {
        world.aws().fault = Some(fault);
        world.run(&["keygen"]).await.fails_with(words);
    }
    world.aws().fault = None;
    world.run(&["keygen"]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aws_that_does_not_answer_is_said() {
    let world = World::new().await;
    let mut command = world.command();
    command.args(["keygen", "--deployment", "prod"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    end(command).await.fails_with("AWS does not answer in eu-west-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_a_matter_of_usage() {
    let world = World::new().await;
    for arguments in [
        &["rotate", "everything", "--deployment", "prod"][..],
        &["push", "--deployment", "Not A Name"],
        &["push", "--deployment", "prod", "--env", "production"],
        &["push", "--deployment", "prod", "--target", "local"],
        &["remove", "--deployment", "prod", "--target", "local"],
        &["rotate", "signing", "--deployment", "prod", "--begin", "--force-remove"],
        &["rotate", "client-secret", "--deployment", "prod", "--begin"],
        &["leaked", "everything", "--deployment", "prod"],
        &["leaked", "client-secret", "--deployment", "prod", "--key", "exampleclientid--1790000000"],
        &["leaked", "keys", "--deployment", "prod", "--key", "sign-1"],
    ] {
        let mut command = world.command();
        command.args(arguments);
        let ran = end(command).await;
        assert_eq!(ran.status, 2, "{arguments:?}: {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_a_checkout_the_edge_is_asked_for() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    let mut command = world.command();
    command.args(["push", "--deployment", "prod"]).current_dir("/");
    end(command).await.fails_with("add --edge-folder");
}
