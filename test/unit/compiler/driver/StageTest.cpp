#include "compiler/driver/Stage.h"
#include <gtest/gtest.h>

using namespace llsa;

TEST(Stage, NamesParseBack) {
  for (Stage stage : allStages()) {
    EXPECT_EQ(parseStage(stageName(stage)), stage);
    EXPECT_FALSE(stageDescription(stage).empty());
  }
  EXPECT_EQ(allStages().size(), 13u);
  EXPECT_EQ(parseStage("fatbin"), std::nullopt);
  EXPECT_EQ(parseStage(""), std::nullopt);
}

TEST(Stage, AreInOrder) {
  for (size_t i = 0; i < allStages().size(); ++i)
    EXPECT_EQ(size_t(allStages()[i]), i);
}

TEST(Stage, MachineCodeIsBehindTheCompiler) {
  for (Stage stage : {Stage::Cubin, Stage::SASS}) {
    EXPECT_GT(stage, Stage::Program);
    EXPECT_TRUE(isOnTheWay(stage, /*gpu=*/true));
    EXPECT_FALSE(isOnTheWay(stage, /*gpu=*/false));
  }
}
